#!/usr/bin/env python3
"""The structure of a checkout in numbers: files and lines of each room, sizes of files and functions, circles between the
files of a crate, types of one name, test programs, and the seconds of the last ./dev test.

    structure.py [FOLDER]           prints them
    structure.py --check [FOLDER]   fails where a crate defines two types of one name, or where more than two files of a
                                    crate import each other in a circle
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

VISIBILITY = r"pub(?:\([\w: ]+\))? "
TYPE = re.compile(rf"^ *{VISIBILITY}(?:struct|enum|trait|union) ([A-Z]\w*)|^{VISIBILITY}type ([A-Z]\w*)")
FUNCTION = re.compile(rf"^( *)(?:{VISIBILITY})?(?:default )?(?:const )?(?:async )?(?:unsafe )?(?:extern \"C\" )?fn (\w+)")
COMMENT = re.compile(r"//[^\n]*")
USE = re.compile(rf"^\s*({VISIBILITY})?use ([^;]+);", re.M)
PATH = r"(?<![\w:])(?:{})(?:::\w+)+"
# What is no source of ours.
LEFT_OUT = {"target", "node_modules"}


def crates(root):
    return sorted(path.parent for pattern in ("*/Cargo.toml", "examples/*/Cargo.toml") for path in root.glob(pattern))


def sources(folder):
    return sorted(path for path in folder.rglob("*.rs") if not LEFT_OUT & set(path.parts))


def of_tests(path):
    return "tests" in path.parts or path.name == "tests.rs"


def production(text):
    """Without inline tests, which end a file."""
    return text.split("#[cfg(test)]\nmod tests {")[0]


def functions(text):
    """The lines of each function that has a body, from its signature to the brace at the same indent."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found or line.endswith(";"):
            continue
        if line.endswith("}"):
            yield 1
            continue
        closes = re.compile(re.escape(found[1]) + r"(?:(\})|\).*;$)")  # a signature of several lines may end without a body
        for end in range(start + 1, len(lines)):
            if closing := closes.match(lines[end]):
                if closing[1]:
                    yield end - start + 1
                break


# --- types of one name -------------------------------------------------------------------------------------------------


def types(crate):
    """Where the crate defines each type that other files can name."""
    places = defaultdict(list)
    for path in sources(crate / "src"):
        if of_tests(path.relative_to(crate)):
            continue
        for number, line in enumerate(production(path.read_text()).splitlines(), 1):
            if found := TYPE.match(line):
                places[found[1] or found[2]].append(f"{path.relative_to(crate.parent)}:{number}")
    return places


def homonyms(crate):
    return {name: where for name, where in types(crate).items() if len(where) > 1}


# --- circles -----------------------------------------------------------------------------------------------------------


def module_of(path, source):
    parts = list(path.relative_to(source).with_suffix("").parts)
    if parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    return tuple(parts)


def leaves(tree):
    """The paths of a `use`, each with the name it has here: `a::{b, c as d}` is a::b and a::c (as d)."""
    tree = tree.strip()
    if not tree.endswith("}"):
        path, _, alias = tree.partition(" as ")
        yield path.strip(), alias.strip() or path.strip().rpartition("::")[2]
        return
    prefix, _, inner = tree[:-1].partition("{")
    depth, part = 0, ""
    for character in inner + ",":
        if character == "," and depth == 0:
            if part.strip():
                yield from ((prefix.strip() + path, name) for path, name in leaves(part))
            part = ""
        else:
            depth += {"{": 1, "}": -1}.get(character, 0)
            part += character


def absolute(path, module, modules):
    """A path as the parts below the crate's root; None where it leads into another crate."""
    parts = path.split("::")
    if parts[0] == "crate":
        return tuple(parts[1:])
    if parts[0] == "super":
        base = module
        while parts and parts[0] == "super":
            base, parts = base[:-1], parts[1:]
        return base + tuple(parts)
    if parts[0] == "self":
        return module + tuple(parts[1:])
    return module + tuple(parts) if module + (parts[0],) in modules else None


def imports(crate):
    """Which module of a crate names which others, through whatever re-exports. A folder is one thing with the file that it
    belongs to: what these two know of each other does not count."""
    source = crate / "src"
    files = {module_of(path, source): path for path in sources(source) if not of_tests(path.relative_to(crate))}
    named, exports = {}, defaultdict(dict)
    for module, path in files.items():
        text = COMMENT.sub("", production(path.read_text()))
        named[module] = set()
        for exported, tree in USE.findall(text):
            for leaf, name in leaves(tree):
                if target := absolute(leaf, module, files):
                    named[module].add(target)
                    if exported:
                        exports[module][name] = target
        children = [other[-1] for other in files if other and other[:-1] == module]
        for leaf in re.findall(PATH.format("|".join(["crate", "super", "self", *children])), USE.sub("", text)):
            named[module].add(absolute(leaf, module, files))

    def defined_in(target):
        for _ in files:  # a chain of re-exports is no longer than that
            length = next(length for length in range(len(target), -1, -1) if target[:length] in files)
            module, rest = target[:length], target[length:]
            again = exports[module].get(rest[0]) if rest else None
            if again is None or again == target:
                return module
            target = again + rest[1:]
        return module

    edges = defaultdict(set)
    for module, targets in named.items():
        for target in {defined_in(target) for target in targets if target is not None}:
            if target[: len(module)] != module and module[: len(target)] != target:
                edges[module].add(target)
    return edges


def circles(edges):
    """Strongly connected components of more than one module (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            start = stack.index(node)
            component = stack[start:]
            del stack[start:]
            if len(component) > 1:
                found.append(sorted("::".join(module) for module in component))

    for node in list(edges):
        if node not in index:
            visit(node)
    return sorted(found)


# --- numbers -----------------------------------------------------------------------------------------------------------


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def test_programs(crate):
    """Programs that `cargo test` makes of a crate."""
    manifest = (crate / "Cargo.toml").read_text()
    tests = list((crate / "tests").glob("*.rs")) + list((crate / "tests").glob("*/main.rs"))
    count = len(tests) + len(re.findall(r"^\[\[test\]\]", manifest, re.M))
    for program, section in (("src/lib.rs", "lib"), ("src/main.rs", "bin")):
        off = re.search(rf"^\[+{section}\]+[^\[]*^test = false", manifest, re.M)
        count += (crate / program).exists() and not off
    return count


def texts(folder):
    """Every file of a folder that is text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not LEFT_OUT & set(path.parts):
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                pass


def print_crates(root):
    heads = ("crate", "files", "lines", "of tests", "file p50/p90", "fn p50/p90", "test programs")
    print("{:<30} {:>5} {:>7} {:>8} {:>13} {:>11} {:>14}".format(*heads))
    sum_files, sum_lines, sum_tests, sum_programs, every_size, every_length = 0, 0, 0, 0, [], []
    rows = []
    for crate in crates(root):
        lines = {path: path.read_text() for path in sources(crate)}
        code = [production(text) for path, text in lines.items() if not of_tests(path.relative_to(crate))]
        sizes = [text.count("\n") for text in code]
        lengths = [length for text in code for length in functions(text)]
        total = sum(text.count("\n") for text in lines.values())
        programs = test_programs(crate)
        rows.append((str(crate.relative_to(root)), len(lines), total, total - sum(sizes), sizes, lengths, programs))
        sum_files, sum_lines, sum_tests = sum_files + len(lines), sum_lines + total, sum_tests + total - sum(sizes)
        sum_programs, every_size, every_length = sum_programs + programs, every_size + sizes, every_length + lengths
    rows.append(("all", sum_files, sum_lines, sum_tests, every_size, every_length, sum_programs))
    for name, files, total, tests, sizes, lengths, programs in rows:
        file = f"{median(sizes or [0]):.0f}/{percentile(sizes, 0.9)}"
        function = f"{median(lengths or [0]):.0f}/{percentile(lengths, 0.9)}"
        print(f"{name:<30} {files:>5} {total:>7} {tests:>8} {file:>13} {function:>11} {programs:>14}")


def print_other_rooms(root):
    print(f"\n{'other rooms':<30} {'files':>5} {'lines':>7}")
    holding_crates = {crate.relative_to(root).parts[0] for crate in crates(root)}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if folder.name.startswith(".") or folder.name in LEFT_OUT | holding_crates:
            continue
        found = [text.count("\n") for _, text in texts(folder)]
        print(f"{folder.name:<30} {len(found):>5} {sum(found):>7}")


def report(root):
    print_crates(root)
    print_other_rooms(root)
    found = [(crate.name, circle) for crate in crates(root) for circle in circles(imports(crate))]
    print(f"\ncircles between files of a crate: {len(found)}")
    for name, circle in found:
        print(f"  {name}: {len(circle)} files: {', '.join(circle)}")
    double = [(crate.name, name, where) for crate in crates(root) for name, where in sorted(homonyms(crate).items())]
    print(f"\ntypes of one name in a crate: {len(double)}")
    for crate, name, where in double:
        print(f"  {crate}: {name}: {', '.join(where)}")
    seconds = root / ".local/log/test-seconds"
    if seconds.exists():
        print(f"\nthe last ./dev test\n{seconds.read_text()}", end="")


def check(root):
    if not any(types(crate) for crate in crates(root)):
        sys.exit(f"{root} holds no crate that defines a type: nothing was checked")
    faults = []
    for crate in crates(root):
        for name, where in sorted(homonyms(crate).items()):
            faults.append(f"{crate.name} has two types named {name}: {', '.join(where)}; name each for what it is")
        for circle in circles(imports(crate)):
            if len(circle) > 2:
                faults.append(
                    f"{crate.name}: these files import each other in a circle: {', '.join(circle)};"
                    " a file that holds what they share ends it"
                )
    print("\n".join(faults) or "no type of a crate has another's name, no circle has more than two files")
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("folder", nargs="?", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    root = arguments.folder.resolve()
    return check(root) if arguments.check else report(root)


if __name__ == "__main__":
    sys.exit(main())
