from wiro_runtime.catalogue import Catalogue

_catalogue: Catalogue
get = _catalogue.get
search = _catalogue.search
ids: tuple[str, ...]
