"""The broker driver: MQTT as the bridge needs it, on top of paho.

`Broker` keeps a connection, proves that it delivers, and bounds what waits on either side.
`Listener` is the other end: it sees what any subscriber sees. `Subscriber` is one that misses nothing.
`Lookout` looks before somebody else connects. `visit` looks in once.
"""

from macnet_bridge.broker.listener import Listener
from macnet_bridge.broker.lookout import Lookout
from macnet_bridge.broker.messages import (
    BrokerSettings,
    Counters,
    Incoming,
    Lane,
    Outgoing,
    Subscription,
    shown_url,
)
from macnet_bridge.broker.retry import ProtocolChoice
from macnet_bridge.broker.setting_names import IN_CONFIGURATION, SettingNames
from macnet_bridge.broker.subscriber import Subscriber
from macnet_bridge.broker.supervisor import Broker
from macnet_bridge.broker.visit import Visit, visit

__all__ = [
    "IN_CONFIGURATION",
    "Broker",
    "BrokerSettings",
    "Counters",
    "Incoming",
    "Lane",
    "Listener",
    "Lookout",
    "Outgoing",
    "ProtocolChoice",
    "SettingNames",
    "Subscriber",
    "Subscription",
    "Visit",
    "shown_url",
    "visit",
]
