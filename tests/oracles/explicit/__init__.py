"""AttnLRP written out in NumPy, model by model: what relevome's engine has to agree with.

No automatic differentiation, no torch, nothing of relevome. Start with `layers`, go on with `attention`,
then read any model: each is a list of these layers with the weights of a checkpoint in them.
"""
