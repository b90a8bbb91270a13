from .confused_pairs import (
    Pair as Pair,
    draw_pairs as draw_pairs,
    pairs_of as pairs_of,
)
from .confusion_matrix import draw_matrices as draw_matrices
from .curves import (
    LOSSES as LOSSES,
    SPLITS as SPLITS,
    draw_curves as draw_curves,
    drawable as drawable,
    finish_curves as finish_curves,
    unit_of as unit_of,
    use_log_scale as use_log_scale,
)
from .figures import (
    COLORS as COLORS,
    WIDTH as WIDTH,
    new_figure as new_figure,
    picture_text as picture_text,
    svg_of as svg_of,
    write_picture as write_picture,
)
