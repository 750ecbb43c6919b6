#!/usr/bin/python3
"""The style guide as a test: layers, first sentences, lengths, words, missing tests; all at once.

    tools/tidy.py [--bin build/release/bin/herold]

The layer table is the one in ARCHITECTURE.md; nothing here repeats it.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES, FUNCTION_LINES, COLUMNS = 800, 70, 100
MEDIAN_FILE, MEDIAN_FUNCTION, LONG_FUNCTION = 120, 6, 25  # nine of ten are not longer than that
# Written in pieces so that this file does not find itself.
WORKPLACES = ["/" + name + "/" for name in ("work", "home", "root", "builds")]
REGISTRIES = ["py" + "pi.org", "files.python" + "hosted.org", "registry.npm" + "js.org",
              "crates" + ".io", "proxy.gol" + "ang.org"]
FORBIDDEN = [  # pattern in code without comments and strings, what to say
    (r"(?<!operator )\bnew\b(?!\s*\()", "new: every object has an owner (std::make_unique)"),
    (r"(?<!= )(?<!operator )\bdelete\b", "delete: every object has an owner"),
    (r"\bstd::(cout|cerr|clog)\b", "std::cout and its kin: use the log, or fmt in apps"),
    (r"\busing\s+namespace\s+std\s*;", "using namespace std"),
    (r"\b(?:gets|strcpy|strcat|sprintf|strtok)\s*\(", "an unbounded C string function"),
    (r"\bthread\w*(?:\([^()]*\))?\.detach\s*\(", "a detached thread: every task has an owner"),
    (r"\bsystem\s*\(", "system()"),
]
FORBIDDEN_INCLUDES = {"iostream", "format", "print"}
LITERALS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.S)


class Findings:
    """What is wrong, with its place."""

    def __init__(self):
        self.lines = []

    def add(self, path, line, text):
        name = path.relative_to(ROOT) if isinstance(path, Path) else path
        self.lines.append(f"{name}:{line}: {text}" if line else f"{name}: {text}")


def tracked():
    """Files of the repository, new ones included, ignored ones not."""
    listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co",
                             "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:  # an unpacked archive
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                 if not {"build", ".git"} & set(path.relative_to(ROOT).parts)]
    return sorted(path for name in names if (path := ROOT / name).is_file())


def blank(code):
    """C++ without comments and the insides of strings; lines stay where they are."""
    return LITERALS.sub(lambda m: "\n" * m[0].count("\n") or " ", code)


def is_python(path, text):
    return path.suffix == ".py" or text.startswith("#!/usr/bin/python3")


# Layers

def read_layers(findings):
    """{folder: set of folders, or None for anything}, from the table in ARCHITECTURE.md."""
    path = ROOT / "ARCHITECTURE.md"
    if not path.exists():
        findings.add(path, 0, "missing; the layer table stands in it")
        return {}
    rows, inside = [], False
    for line in path.read_text().splitlines():
        if re.match(r"\|\s*files in\s*\|", line):
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not re.match(r"\|[\s:|-]+$", line):
            rows.append([cell.strip() for cell in line.strip("|").split("|")][:2])
    if not rows:
        findings.add(path, 0, "has no table that begins with '| files in | may include'")
    return layers_of(rows)


def layers_of(rows):
    layers, previous = {}, set()
    for names, allowed in rows:
        parts = [(re.sub(r"[`(].*?[`)]|`", lambda m: m[0].strip("`") if m[0][0] == "`" else "",
                         names), allowed)]
        head, *more = allowed.split("·")
        parts[0] = (parts[0][0], head)
        parts += [tuple(extra.split(":", 1)) for extra in more if ":" in extra]
        for folders, text in parts:
            text = re.sub(r"\(.*?\)", "", text.replace("`", "")).split(";")[0]
            words = set(re.findall(r"[a-z0-9/]+", text))
            if "above" in words:
                words |= previous
            if "module" in words:
                words.add("server")
            previous = words
            for folder in re.findall(r"[a-z0-9/]+", re.sub(r"\(.*?\)", "", folders)):
                layers[folder] = None if "anything" in words else words
    return layers


def layer_of(relative, layers):
    """The longest folder of the table that holds the file."""
    parts = relative.parts[:-1]
    for length in range(len(parts), 0, -1):
        if (name := "/".join(parts[:length])) in layers:
            return name
    return None


def check_includes(path, text, layers, findings):
    relative = path.relative_to(ROOT / "src")
    layer = layer_of(relative, layers)
    if layers and layer is None:
        findings.add(path, 0, "lies in no folder of the layer table")
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if not found:
            continue
        if found[1] == "<":
            if found[2] in FORBIDDEN_INCLUDES:
                findings.add(path, number, f"<{found[2]}> is not used in Herold")
            continue
        if not layer or layers[layer] is None:
            continue
        check_include(path, number, layer, Path(found[2]), layers, findings)


def check_include(path, number, layer, target, layers, findings):
    theirs = layer_of(target, layers) or target.parts[0]
    test = path.name.endswith(("_test.cc", "_test.h")) or "testing" in path.parts
    allowed = layers[layer] | {layer}
    if layer.startswith("server/") and theirs == layer:
        own = target.stem == path.stem.removesuffix("_test") or target.suffix == ".h"
        if not own:
            findings.add(path, number, f"a module includes another's source, {target}")
        return
    implementation = "openssl" in target.parts and "openssl" not in path.parts
    if theirs not in allowed and theirs.split("/")[0] not in allowed and not (
            test and theirs.split("/")[0] in ("crypto", "base", "xmpp")):
        findings.add(path, number, f"{layer} may not include {theirs} ({target})")
    elif implementation and not test and layer.split("/")[0] not in ("apps", "net"):
        findings.add(path, number, f"crypto's implementation is included ({target}); "
                                   "only apps, tests and net, whose TLS is OpenSSL's too, may")


# Text

def check_first_line(path, text, findings):
    lines = text.splitlines() or [""]
    if path.suffix in (".h", ".cc"):
        if not re.match(r"// ", lines[0]) or not re.search(r"[.:?)](\s|$)", " ".join(lines[:2])):
            findings.add(path, 1, "the first line is not a sentence that says what the file is for")
    elif is_python(path, text):
        index = 1 if lines[0].startswith("#!") else 0
        if len(lines) <= index or not re.match(r'r?""".+\.(""")?$', lines[index]):
            findings.add(path, index + 1, "no docstring sentence that says what the file is for")
    elif path.suffix in (".sh", ".dialog", ".cmake") or path.name == "Makefile":
        index = 1 if lines[0].startswith("#!") else 0
        if len(lines) <= index or not re.match(r"# .*[.:)\w\]]$", lines[index]):
            findings.add(path, index + 1, "no comment that says what the file is for")


def check_text(path, text, findings):
    if text and not text.endswith("\n"):
        findings.add(path, text.count("\n") + 1, "no newline at the end of the file")
    for number, line in enumerate(text.splitlines(), 1):
        mine = path == Path(__file__).resolve()  # the words stand here to be looked for
        if not mine and re.search(r"\bTODO\b(?!\((?:soon|security|perf)[|)])", line):
            findings.add(path, number, "a TODO without (soon), (security) or (perf)")
        if not mine and re.search(r"\b(FIXME|XXX)\b", line):
            findings.add(path, number, "FIXME or XXX: TODO(soon|security|perf) are the words")
        for word in WORKPLACES:
            if re.search(rf"(?<![\w.~}}/-]){re.escape(word)}", line):
                findings.add(path, number, f"a path of somebody's machine ({word}...)")
        for host in REGISTRIES:
            if host in line:
                findings.add(path, number, f"a package registry ({host}): not used here")
        if line.rstrip() != line and path.suffix not in (".md", ".dialog"):
            findings.add(path, number, "blanks at the end of the line")


def check_size(path, text, findings):
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        findings.add(path, 0, f"{len(lines)} lines; {FILE_LINES} is the end")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not re.search(r"https?://\S{40}", line) and number > 1:
            findings.add(path, number, f"{len(line)} columns; {COLUMNS} is the end")


# C++

def functions(code):
    """(first line, number of lines) of each function body, by counting braces."""
    found, depth, start_depth, start, head = [], 0, None, 0, 0
    for index, character in enumerate(code):
        if character == "{":
            signature = code[head:index]
            if start_depth is None and is_function(signature):
                start_depth = depth
                start = code.count("\n", 0, head + len(signature) - len(signature.lstrip())) + 1
            depth += 1
            head = index + 1
        elif character == "}":
            depth -= 1
            head = index + 1
            if start_depth == depth:
                end = code.count("\n", 0, index) + 1
                found.append((start, end - start + 1))
                start_depth = None
        elif character == ";" and start_depth is None:
            head = index + 1
    return found


def is_function(signature):
    signature = re.sub(r"^\s*#.*$", "", signature, flags=re.M).strip()
    if ")" not in signature:
        return False
    return not re.match(r"(?:template\s*<.*>\s*)?(?:namespace|class|struct|union|enum)\b[^()]*$",
                        signature, re.S) and not re.search(r"=\s*$", signature)


def check_cpp(path, text, findings):
    code = blank(text)
    for first, length in functions(code):
        if length > FUNCTION_LINES:
            findings.add(path, first, f"a function of {length} lines; {FUNCTION_LINES} is the end")
    before = ""
    for number, line in enumerate(code.splitlines(), 1):
        for pattern, words in FORBIDDEN:
            # A private constructor needs new, straight into its owner.
            owned = words.startswith("new:") and "unique_ptr<" in before + line
            if not line.lstrip().startswith("#") and re.search(pattern, line) and not owned:
                findings.add(path, number, words)
        before = line
    check_sharing(path, text, code, findings)


def check_sharing(path, text, code, findings):
    """shared_ptr only with a comment, in the file or its header, that says who shares."""
    shared = re.search(r"\bstd::(shared_ptr|make_shared|enable_shared_from_this)\b", code)
    if not shared or path.name.endswith("_test.cc"):
        return
    header = path.with_suffix(".h")
    comments = text + (header.read_text() if header.exists() else "")
    if not re.search(r"//.*\bshar(e|es|ed|ing)\b", comments, re.I):
        findings.add(path, code.count("\n", 0, shared.start()) + 1,
                     "shared_ptr, and no comment says who shares")


# Modules

def check_modules(findings):
    """Every module of the server has a unit test beside it and a dialog."""
    dialogs = {path.stem: path.read_text() for path in (ROOT / "tests/dialogs").glob("*.dialog")}
    folder = ROOT / "src/server/modules"
    stems = {path.stem for path in folder.glob("*.cc")} | {path.stem for path in folder.glob("*.h")}
    for stem in sorted(stem for stem in stems if not stem.endswith("_test")):
        test = folder / f"{stem}_test.cc"
        if not test.exists() or not re.search(r"^TEST(_[FP])?\(", test.read_text(), re.M):
            findings.add(folder / f"{stem}.cc", 0, f"has no unit test ({test.name}; HACKING.md)")
        named = re.compile(rf"^# Modules?:.*\b{re.escape(stem)}\b", re.M)
        if not any(name.startswith(stem) or named.search(text) for name, text in dialogs.items()):
            findings.add(folder / f"{stem}.cc", 0, f"has no dialog (tests/dialogs/{stem}*.dialog, "
                                                   f"or a line '# Module: {stem}' in one)")


def check_generated(binary, findings):
    """What is generated from the code is up to date: tools/generate says so itself."""
    generator = ROOT / "tools/generate"
    if not generator.exists() or not binary:
        return
    done = subprocess.run([generator, "--check", "--bin", binary], cwd=ROOT, capture_output=True,
                          text=True)
    if done.returncode:
        for line in (done.stdout + done.stderr).splitlines():
            findings.add("tools/generate", 0, line)


def check_figures(paths, findings):
    """The usual lengths, of the code without its tests; says them in a line."""
    files, lengths = [], []
    for path in paths:
        if path.suffix in (".h", ".cc") and path.relative_to(ROOT).parts[0] == "src" \
                and "_test." not in path.name:
            text = path.read_text()
            files.append(len(text.splitlines()))
            lengths += [length for _, length in functions(blank(text))]
    files.sort()
    lengths.sort()
    if not lengths:
        return "no code"
    median_file, median = files[len(files) // 2], lengths[len(lengths) // 2]
    long = lengths[len(lengths) * 9 // 10]
    if median_file > MEDIAN_FILE:
        findings.add("src", 0, f"half of the files have over {MEDIAN_FILE} lines")
    if median > MEDIAN_FUNCTION or long > LONG_FUNCTION:
        findings.add("src", 0, f"functions have {median} lines in the median, one in ten over "
                               f"{long}; {MEDIAN_FUNCTION} and {LONG_FUNCTION} are aimed at")
    return (f"{len(lengths)} functions, median {median} lines, nine of ten up to {long}, "
            f"longest {lengths[-1]}; {len(files)} files, median {median_file}, "
            f"longest {files[-1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=None, help="herold, to check generated files")
    options = parser.parse_args()
    findings = Findings()
    layers = read_layers(findings)
    count = 0
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture, or a seed of a fuzzer's corpus
        if "corpus" in path.parts or path.name == "LICENSE":
            continue
        count += 1
        check_text(path, text, findings)
        check_first_line(path, text, findings)
        if path.suffix in (".h", ".cc") or is_python(path, text):
            check_size(path, text, findings)
        if path.suffix in (".h", ".cc"):
            check_cpp(path, text, findings)
            if "src" == path.relative_to(ROOT).parts[0]:
                check_includes(path, text, layers, findings)
    check_modules(findings)
    check_generated(options.bin, findings)
    figures = check_figures(tracked(), findings)
    for line in findings.lines:
        print(line)
    print(f"tidy: {figures}")
    print(f"tidy: {count} files, {len(findings.lines)} findings")
    sys.exit(1 if findings.lines else 0)


if __name__ == "__main__":
    main()
