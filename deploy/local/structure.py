#!/usr/bin/env python3
"""The structure of a checkout in numbers: files and lines per folder, sizes of files and functions, circles between the
files of a crate, types of one name, test programs, and the seconds of the last ./dev test.

    structure.py [FOLDER]           prints them
    structure.py --check [FOLDER]   fails where a crate defines two types of one name, or files of a crate import each
                                    other in a circle that has more files than ALLOWED_CIRCLES says
"""

import re
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

TYPE = re.compile(r"^ *pub(?:\((?:crate|super|in [\w:]+)\))? (?:struct|enum|trait|type|union) ([A-Z]\w*)")
FUNCTION = re.compile(r"^( *)(?:pub(?:\([\w: ]+\))? )?(?:const )?(?:async )?(?:unsafe )?(?:extern \"C\" )?fn (\w+)")
IMPORT = re.compile(r"\bcrate::([a-z_]\w*(?:::[a-z_]\w*)*)")
# Modules that know each other by nature: a state machine and its states, a router and its routes.
ALLOWED_CIRCLES: dict[str, int] = {}


def crates(root):
    return sorted(path.parent for path in root.glob("*/Cargo.toml")) + sorted(
        path.parent for path in root.glob("examples/*/Cargo.toml")
    )


def sources(folder):
    return sorted(path for path in folder.rglob("*.rs") if "target" not in path.parts)


def of_tests(path):
    return "tests" in path.parts or path.name == "tests.rs"


def production(text):
    """Without inline tests, which end a file."""
    return text.split("#[cfg(test)]\nmod tests {")[0]


def functions(text):
    """The lines of each function, from its signature to the brace at the same indent."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found:
            continue
        for end in range(start, len(lines)):
            if lines[end].rstrip().endswith(";") and end == start:
                break
            if lines[end].startswith(found[1] + "}"):
                yield end - start + 1
                break
            if end == start and lines[end].rstrip().endswith("}"):
                yield 1
                break


def homonyms(crate):
    """Types that outer code can name, defined twice in the crate's sources."""
    places = defaultdict(list)
    for path in sources(crate / "src"):
        if of_tests(path.relative_to(crate)):
            continue
        for number, line in enumerate(production(path.read_text()).splitlines(), 1):
            found = TYPE.match(line)
            # An associated type is indented and belongs to its trait.
            if found and not line.lstrip().startswith("pub type") or found and line.startswith("pub"):
                places[found[1]].append(f"{path.relative_to(crate.parent)}:{number}")
    return {name: where for name, where in places.items() if len(where) > 1}


def module_of(path, source):
    parts = list(path.relative_to(source).with_suffix("").parts)
    if parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    return "::".join(parts)


def imports(crate):
    """Which module of a crate names which others, by the longest path that is a module."""
    source = crate / "src"
    files = [path for path in sources(source) if not of_tests(path.relative_to(crate))]
    modules = {module_of(path, source) for path in files}
    edges = defaultdict(set)
    for path in files:
        module = module_of(path, source)
        text = re.sub(r"^\s*//.*$", "", production(path.read_text()), flags=re.M)
        # `use crate::{a, b::c}`, taken apart.
        text = re.sub(r"crate::\{([^}]*)\}", lambda m: " ".join(f"crate::{x.strip()}" for x in m[1].split(",")), text)
        for found in IMPORT.findall(text):
            parts = found.split("::")
            while parts and "::".join(parts) not in modules:
                parts.pop()
            target = "::".join(parts)
            if target and target != module:
                edges[module].add(target)
    return edges


def circles(edges):
    """Strongly connected components of more than one module (Tarjan 1972)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for target in edges.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = []
            while True:
                member = stack.pop()
                on.discard(member)
                component.append(member)
                if member == node:
                    break
            if len(component) > 1:
                found.append(sorted(component))

    sys.setrecursionlimit(10_000)
    for node in list(edges):
        if node not in index:
            visit(node)
    return found


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def executables(crate):
    """Programs that `cargo test` makes of a crate."""
    manifest = (crate / "Cargo.toml").read_text()
    count = len(re.findall(r"^\[\[test\]\]", manifest, re.M))
    tests = crate / "tests"
    if tests.is_dir():
        count += sum(1 for path in tests.iterdir() if path.suffix == ".rs" or (path / "main.rs").exists())
    library, program = crate / "src/lib.rs", crate / "src/main.rs"
    for path, section in ((library, "lib"), (program, "bin")):
        off = re.search(rf"^\[+{section}\]+[^\[]*^test = false", manifest, re.M)
        count += path.exists() and not off
    return count


def report(root):
    print(f"{'folder':<34} {'files':>5} {'lines':>7} {'of tests':>8}  file p50/p90   fn p50/p90  programs of tests")
    every_file, every_function, programs = [], [], 0
    for crate in crates(root):
        files = sources(crate)
        lines = {path: path.read_text() for path in files}
        code = {path: production(text) for path, text in lines.items() if not of_tests(path.relative_to(crate))}
        sizes = [text.count("\n") for text in code.values()]
        lengths = [length for text in code.values() for length in functions(text)]
        total = sum(text.count("\n") for text in lines.values())
        made = executables(crate)
        every_file += sizes
        every_function += lengths
        programs += made
        print(
            f"{str(crate.relative_to(root)):<34} {len(files):>5} {total:>7} {total - sum(sizes):>8}"
            f"  {median(sizes or [0]):>5.0f}/{percentile(sizes, 0.9):<7} {median(lengths or [0]):>3.0f}/{percentile(lengths, 0.9):<4} {made:>8}"
        )
    print(
        f"{'all':<34} {len(every_file):>5} {'':>7} {'':>8}  {median(every_file):>5.0f}/{percentile(every_file, 0.9):<7}"
        f" {median(every_function):>3.0f}/{percentile(every_function, 0.9):<4} {programs:>8}"
    )
    found = [(crate.name, circle) for crate in crates(root) for circle in circles(imports(crate))]
    print(f"\ncircles between files: {len(found)}")
    for name, circle in found:
        print(f"  {name}: {len(circle)} files: {', '.join(circle)}")
    double = [(crate.name, name, where) for crate in crates(root) for name, where in homonyms(crate).items()]
    print(f"\ntypes of one name in a crate: {len(double)}")
    for crate, name, where in double:
        print(f"  {crate}: {name}: {', '.join(where)}")
    seconds = root / ".local/log/test-seconds"
    if seconds.exists():
        print(f"\nthe last ./dev test\n{seconds.read_text()}", end="")


def check(root):
    faults = []
    for crate in crates(root):
        for name, where in homonyms(crate).items():
            faults.append(f"{crate.name} has two types named {name}: {', '.join(where)}; name each for what it is")
        for circle in circles(imports(crate)):
            if len(circle) > ALLOWED_CIRCLES.get(crate.name, 0):
                faults.append(f"{crate.name}: these files import each other in a circle: {', '.join(circle)}")
    print("\n".join(faults) or "no type has another's name, no circle is new")
    return 1 if faults else 0


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    root = Path(arguments[0] if arguments else ".").resolve()
    if "--check" in sys.argv[1:]:
        return check(root)
    report(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
