"""WeasyPrint's side of `bench/pdf.py`: run by its own venv, reads a page and a count, says CPU and wall per document."""

from __future__ import annotations

import json
import sys
import time

import weasyprint


def main() -> None:
    """Render the page over and over, fonts configured once."""
    from weasyprint.text.fonts import FontConfiguration

    work = json.load(sys.stdin)
    fonts = FontConfiguration()

    def render() -> None:
        assert weasyprint.HTML(string=work["html"]).write_pdf(font_config=fonts).startswith(b"%PDF")

    for _ in range(work["warm_up"]):
        render()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(work["count"]):
        render()
    spent = {"cpu_ms": time.process_time() - cpu, "wall_ms": time.perf_counter() - wall}
    each = {name: seconds * 1000 / work["count"] for name, seconds in spent.items()}
    print(json.dumps({**each, "version": weasyprint.__version__}))


if __name__ == "__main__":
    main()
