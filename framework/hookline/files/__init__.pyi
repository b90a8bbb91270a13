from .atomic import (
    flush_to_disk as flush_to_disk,
    refusing as refusing,
    replaced as replaced,
    write_file as write_file,
)
from .growing import GrowingFile as GrowingFile, OptionalFiles as OptionalFiles
from .tables import no_formula as no_formula, write_table as write_table
from .weights import plain_name as plain_name, write_weights as write_weights
