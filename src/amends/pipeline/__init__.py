"""The way of a post through the desk: receive, normalise, understand, decide, act; and the sweep.

The only room that joins the rules, the rows, the networks and the model.
"""
