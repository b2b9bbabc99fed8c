"""Lines near the limit, where black chooses between two places to split."""

from __future__ import annotations

import black
import pytest

from wirogen.emit.python.black_style import lay_out


@pytest.mark.slow
@pytest.mark.parametrize("default", ["", ' = \'"""\'', ' = "a default"'])
@pytest.mark.parametrize("annotation", ["str", "FileLike | None", 'Literal["a", "b"]'])
@pytest.mark.parametrize("arguments", ["", 'alias="a", ', 'json_schema_extra={"x-wire": "a"}, '])
def test_fields_of_every_length_are_in_blacks_form(
    default: str, annotation: str, arguments: str
) -> None:
    bare = f'    name: Annotated[{annotation}, Field({arguments}title="")]{default}'
    for length in (*range(80, 95), 110, 140):
        title = "t" * max(length - len(bare), 1)
        line = bare.replace('title=""', f'title="{title}"')
        source = f"class Inputs:\n{line}\n"
        assert lay_out(source) == black.format_str(source, mode=black.Mode())
