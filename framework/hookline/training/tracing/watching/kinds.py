"""What kinds of objects a search for changes meets."""

import functools
import logging
import re
from types import (
    BuiltinFunctionType,
    CodeType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    UnionType,
    WrapperDescriptorType,
)
from typing import Any

FIXED = (
    *(bool, bytes, complex, float, int, str, type(None), type(Ellipsis), type(NotImplemented), range, slice, CodeType),
    *(GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType, WrapperDescriptorType),
    *(re.Pattern, GenericAlias, UnionType),
)
"""Types whose objects do not change."""

OBSERVING = (logging.Logger,)
"""Types whose objects change, but no number with them."""

BUILTIN = (BuiltinFunctionType, MethodWrapperType)
"""The types of functions and methods that are written in C."""

CACHED: Any = functools._lru_cache_wrapper
"""The type of functions that keep their results."""

UNCHANGED = frozenset({"torch._ops", "typing"})
"""Modules whose objects do not change: operations, and types for a type checker."""

OF_STATE = frozenset(
    {
        *("_load_state_dict_post_hooks", "_load_state_dict_pre_hooks", "_state_dict_hooks", "_state_dict_pre_hooks"),
        "_non_persistent_buffers_set",
    }
)
"""What a module needs only to save its state."""

HOOKS = frozenset(
    {
        *("_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks"),
        *("_forward_hooks_always_called", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs"),
    }
)
"""The hooks of a module that are called while it computes."""
