# SPDX-License-Identifier: GPL-2.0
#
# Holds facts to Documentation/sevfw-json.md: prints a line for each fault, and nothing if
# there is none. $doc is that file, $sub the subcommand.

def expand:
	if test("\\{") then
		capture("^(?<a>[^{]*)\\{(?<b>[^}]*)\\}(?<c>.*)$") as $m
		| $m.b | split(",")[] | $m.a + . + $m.c | expand
	else . end;

def rows:
	$doc | split("\n## sevfw ")[] | select(startswith($sub + "\n")) | split("\n")[]
	| capture("^\\| `(?<path>[^`]*)` \\| (?<type>[a-z]+) \\| .")
	| (.path | expand) as $path | .path = $path;

def kinds:
	if type == "string" then ["text"]
	elif type == "number" then if . == floor then ["integer", "number"] else ["number"] end
	elif type == "boolean" then ["boolean"]
	else [] end;

def spell: map(if type == "number" then "[]" else "." + . end) | add | ltrimstr(".");

def is_tree: type == "object" or type == "array";

# Is all that is there documented, and of that type?
def strange($rows):
	. as $facts
	| paths(is_tree | not) as $at | ($at | spell) as $name
	| ($facts | getpath($at) | kinds) as $kinds
	| [$rows[] | select((.path | gsub("\\?"; "")) == $name).type] as $types
	| if $types == [] then "\($name) is not documented"
	  elif $types | all(. as $type | $kinds | index($type) | not) then "\($name) is no \($types[0])"
	  else empty end;

# Is all there that has to be?
def missing($keys; $path):
	if $keys == [] then empty
	else
		($keys[0] | rtrimstr("[]") | rtrimstr("?")) as $key
		| if has($key) | not then
			if $keys[0] | test("\\?") then empty else "\($path) is missing" end
		  elif $keys[0] | endswith("[]") then .[$key][] | missing($keys[1:]; $path)
		  else .[$key] | missing($keys[1:]; $path) end
	end;

[rows] as $rows
| if $rows == [] then "\($sub) is not documented"
  else strange($rows), ($rows[] as $row | missing($row.path | split("."); $row.path)) end
