"""`python -m macnet_bridge` is `macnet-bridge`."""

from macnet_bridge.cli import main

if __name__ == "__main__":
    main()
