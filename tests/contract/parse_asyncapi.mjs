// Reads an AsyncAPI document from stdin, and prints what the parser says of it as one JSON object.
// The folder in which the parser is installed is the only argument.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const require = createRequire(process.argv[2] + "/");
const {Parser} = require("@asyncapi/parser");
const {document, diagnostics} = await new Parser().parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({
  version: document?.version() ?? null,
  operations: document?.operations().all().length ?? 0,
  messages: document?.components().messages().all().length ?? 0,
  diagnostics: diagnostics.map((each) => ({code: each.code, severity: each.severity, path: each.path, message: each.message})),
}));
