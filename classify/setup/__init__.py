"""Where scientists make and edit projects and workflows in the browser, without code."""
