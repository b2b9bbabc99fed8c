from wiro_runtime.catalogue import Catalogue
from . import wiro as wiro

catalogue: Catalogue
