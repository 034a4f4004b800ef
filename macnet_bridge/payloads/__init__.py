"""What the bridge's messages on MQTT contain: the Structs that make and check them."""
