"""What is measured. Each module gives BENCHES: names (those of the contract stay) and what measures each.

`python -m bench` runs all of them, `python -m bench NAME` one or those of one room ("media"); see `__main__`.
"""
