#!/bin/bash
# Make .venv from the lock file: beside the old one, which is replaced when the new one is complete.
#
#   envs/make_environment.sh PYTHON LOCKFILE
#
# A run in progress keeps its environment: its jobs start Python from it for hours.
set -eu -o pipefail

python=$1 lock=$2
here=$(pwd)
target=.venv new=.venv.new old=.venv.old

fail() {
  echo "$*" >&2
  exit 1
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  fail "lensflow needs Python 3.11 or later; found $("$python" --version). Set PYTHON=python3.12, say."
fi
for folder in "$target" "$new" "$old"; do
  if [ -L "$folder" ]; then
    fail "$here/$folder is a link to $(readlink "$folder"), whose content is not ours to replace. Remove the link to have an environment made here."
  fi
done

if [ -e "$target" ]; then
  if [ -n "$(ls "$here/.snakemake/locks" 2>/dev/null)" ]; then
    fail "A run is in progress here (.snakemake/locks), and $target is not as $lock says any more. Let the run end, or stop it, then say the same again; after a crash: $target/bin/snakemake --unlock"
  fi
  for process in /proc/[0-9]*; do
    first=
    IFS= read -r -d '' first 2>/dev/null <"$process/cmdline" || continue
    case "$first" in
      "$here/$target/bin/"*) fail "Process ${process#/proc/} runs from $here/$target. Let it end, or stop it, then say the same again." ;;
    esac
  done
  echo "The environment $here/$target is replaced: $lock is newer, or it is not complete."
fi

rm -rf "$new"
"$python" -m venv "$new"
"$new/bin/python" -m pip install --quiet --disable-pip-version-check "$(grep -oE '^uv==[0-9.]+' "$lock")"
# Compiled once, here: a job that may write nothing beside its libraries, or is one of many that start
# together, would compile TensorFlow anew, which takes longer than what most jobs do.
VIRTUAL_ENV="$new" "$new/bin/uv" pip install --quiet --compile-bytecode --require-hashes -r "$lock"
# Its commands name the Python that they were made for; from now on it is called as the old one was.
grep -lIF "/$new/" "$new"/bin/* | while read -r file; do
  sed -i.made "s|/\.venv\.new\([/'\"]\)|/.venv\1|g" "$file" && rm "$file.made"
done
sed -i.made "s|/\.venv\.new$|/.venv|; s|/\.venv\.new\([/'\" ]\)|/.venv\1|g" "$new"/bin/activate* "$new"/pyvenv.cfg
rm -f "$new"/bin/*.made "$new"/*.made
touch "$new/lensflow-installed"
rm -rf "$old"
[ ! -e "$target" ] || mv "$target" "$old"
mv "$new" "$target"
rm -rf "$old"
