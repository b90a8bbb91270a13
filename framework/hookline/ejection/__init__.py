"""Eject a spec: a script of plain torch that trains the same model without Hookline."""
