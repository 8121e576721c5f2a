"""Django's PostgreSQL backend with a cheaper look at whether a kept connection still works; `base` is what Django loads."""
