"""Exposures that satellites cross: counted on this site's own data, and foretold by a model."""
