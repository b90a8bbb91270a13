from .lines import BatchNames as BatchNames, LossLines as LossLines, PredictionNames as PredictionNames
from .python import Code as Code, call as call, constructor as constructor, literal as literal, listed as listed
from .script import Script as Script
from .written import cannot_be_written as cannot_be_written, refuse_inherited_lines as refuse_inherited_lines
