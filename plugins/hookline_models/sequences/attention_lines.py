"""The classes of a script that mask steps: padding, and with a causal mask those that come later."""

from hookline.script import Script

SAME_ARITHMETIC = "torch.backends.mha.set_fastpath_enabled(False)  # Evaluate with the arithmetic of training."

MASKS = {
    "MultiheadAttention": ("attn_mask", "key_padding_mask"),
    "TransformerEncoderLayer": ("src_mask", "src_key_padding_mask"),
    "TransformerEncoder": ("mask", "src_key_padding_mask"),
}
"""What each class of torch calls the masks of later steps and of padding."""

PADDING = '''
def padding_mask(inputs, lengths):
    """Return which steps are padding."""
    return torch.arange(inputs.shape[1], device=inputs.device) >= lengths.unsqueeze(1)
'''

LATER = '''
def causal_mask(inputs):
    """Return which steps each step does not attend to, because they come later."""
    return torch.ones(inputs.shape[1], inputs.shape[1], dtype=torch.bool, device=inputs.device).triu(1)
'''

LAYER = '''
class NAME(nn.NAME):
    """DOCUMENTATION"""
TAKES_LENGTHS
    def forward(ARGUMENTS):
        return super().forward(GIVEN)
'''

SELF_ATTENTION = '''
class NAME(nn.NAME):
    """DOCUMENTATION"""
TAKES_LENGTHS
    def forward(ARGUMENTS):
        outputs, _ = super().forward(inputs, inputs, GIVEN, need_weights=False)
        return outputs
'''

STEPS = {
    (True, True): ", in which each step attends to earlier ones that are not padding",
    (True, False): ", in which each step attends to earlier ones",
    (False, True): ", in which each step attends to those that are not padding",
    (False, False): ": queries, keys and values are computed from the inputs",
}
"""To which steps a step attends, if it is causal, and if there are lengths."""


def masked_class(script: Script, name: str, *, is_causal: bool, has_lengths: bool, is_hinted: bool = True) -> str:
    """Add a subclass of torch's class that masks steps, and return its name; without masks, that of torch's class.

    torch ignores the mask of later steps if it has the hint that it is causal. It then also hides additional keys,
    which come last; a layer that has these gets no hint.
    """
    source = SELF_ATTENTION if name == "MultiheadAttention" else LAYER
    if source is LAYER and not (is_causal or has_lengths):
        return f"nn.{name}"
    later, is_padding = MASKS[name]
    given = ["inputs"]
    if is_causal:
        script.define(LATER)
        given += [f"{later}=causal_mask(inputs)", *(["is_causal=True"] if is_hinted else [])]
    if has_lengths:
        script.define(PADDING)
        given.append(f"{is_padding}=padding_mask(inputs, lengths)")
    for word, text in (
        ("NAME", name),
        ("DOCUMENTATION", f"Self-attention{STEPS[is_causal, has_lengths]}."),
        ("TAKES_LENGTHS\n", "\n    takes_lengths = True\n\n" if has_lengths else "\n"),
        ("ARGUMENTS", "self, inputs, lengths" if has_lengths else "self, inputs"),
        ("GIVEN", ", ".join(given)),
    ):
        source = source.replace(word, text)
    return script.define(source)
