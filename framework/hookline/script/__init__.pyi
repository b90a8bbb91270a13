from .lines import BatchNames as BatchNames, LossLines as LossLines, PredictionNames as PredictionNames
from .loop import Loop as Loop
from .python import (
    Code as Code,
    braced as braced,
    bracketed as bracketed,
    call as call,
    code_of as code_of,
    constructor as constructor,
    indented as indented,
    listed as listed,
    literal as literal,
)
from .script import Script as Script
from .written import (
    cannot_be_written as cannot_be_written,
    refuse_inherited_lines as refuse_inherited_lines,
    refuse_other_options as refuse_other_options,
    without_lines as without_lines,
)
