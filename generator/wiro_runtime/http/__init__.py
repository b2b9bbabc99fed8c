"""HTTP: the transports, signing, request bodies and the calls to the API."""
