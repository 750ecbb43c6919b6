"""The servers that can be measured side by side, each in a folder of its own."""
from .common import DOMAIN, make_certificate
from .ejabberd import Ejabberd, EjabberdNoWait
from .herold import Herold
from .jabberd2 import Jabberd2
from .prosody import Prosody

PEERS = {peer.name: peer for peer in (Herold, Prosody, Ejabberd, EjabberdNoWait, Jabberd2)}
