"""How fast this machine is with the paper's encoders: contenders timed side by side, on random weights of true size.

Speed does not depend on the values of weights and sounds, so nothing is downloaded and no corpus is needed. Accuracy is
not measured here.
"""
