"""How every page is filled: jinja2 escapes whatever came from a corpus, a recording or a folder, and a missing value is
an error instead of a gap.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from emoduet.report.numbers import bounds, chance, percent


def template(name: str) -> Template:
    """A page's template of this package, by its file's name."""
    environment = Environment(
        loader=PackageLoader("emoduet", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "bounds": bounds, "chance": chance}
    return environment.get_template(name)
