"""The forecasting libraries of end_to_end.py: one module each, with the same three functions.

``load()`` imports the library as its users do, ``fit(frame, settings)`` returns a model and its number of updates,
``predict(model)`` the values of the next year.
"""
