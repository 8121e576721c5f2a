"""Releases of the catalogue: made once, never changed, compared, cited, searched by cone."""
