"""Scenarios whose chains light clients follow, one for each engine that has something to show."""

PAYMENTS = """
[scenario]
title = "Light clients"
seed = 7
blocks = {blocks}
slot_seconds = 15

[chain]
checkpoint_interval = 10

[network]
latency_ms = 40

[tokens.USDC]
kind = "erc20"
decimals = 6

[agents.people]
strategy = "payer"
count = 60
funds = {{ ETH = 5, USDC = 1000 }}
token = "USDC"
amount = {{ log_normal = [3.0, 1.0], min = 0.01, max = 500 }}
interval = 15
"""

ENGINES = {
    "bft": """
[consensus]
engine = "bft"

[consensus.groups.honest]
count = 6

[consensus.groups.liars]
count = 1
strategy = "equivocating"
always = true
""",
    "pow": """
[consensus]
engine = "pow"

[consensus.pow]
block_interval = "15s"
retarget = "homestead"

[consensus.groups.miners]
count = 5
""",
    "gasper": """
[consensus]
engine = "gasper"

[consensus.gasper]
slots_per_epoch = 4
validators_per_node = 3

[consensus.groups.honest]
count = 16

[consensus.groups.others]
count = 2
strategy = "equivocating"
always = true
""",
}


def light_scenario(engine: str, blocks: int) -> str:
    return PAYMENTS.format(blocks=blocks) + ENGINES[engine]
