from wiro_runtime.catalogue import Catalogue
from . import acme as acme

catalogue: Catalogue
