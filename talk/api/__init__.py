"""REST of Talk, under the same permissions as its pages."""
