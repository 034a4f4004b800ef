// Node-RED in a container. Everything that differs from place to place comes from the environment.

// One password for editor and dashboard, user name "admin"; a hash made by `node-red admin hash-pw`.
const pass = process.env.NODE_RED_PASSWORD_HASH
const access = pass
  ? {
      adminAuth: { type: 'credentials', users: [{ username: 'admin', password: pass, permissions: '*' }] },
      httpNodeAuth: { user: 'admin', pass }
    }
  : {}

module.exports = {
  ...access,
  uiHost: '0.0.0.0',
  uiPort: 1880,
  flowFile: 'flows.json',
  // The flow file's credentials only name environment variables. With a secret, what is typed in is encrypted.
  credentialSecret: process.env.NODE_RED_CREDENTIAL_SECRET || false,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false },
  externalModules: { palette: { allowInstall: false } }
}
