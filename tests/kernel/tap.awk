# SPDX-License-Identifier: GPL-2.0-or-later
# tap.awk - one TAP stream of what main prints of several programs: numbered anew, with their names.
#
# There, a skip is a failure; so is a program that does not end, or not well.

function result(good, text)
{
	sub(/# SKIP/, "is skipped:", text)
	printf "%sok %d - %s: %s\n", good ? "" : "not ", ++number, name, text
	if (!good)
		failures++
}

/^# start / { running[$3] = 1; next }
/^# begin / {
	name = $3
	running[name] = 1
	seen = 0
	plan = "no"
	failed = failures
	next
}
/^# end / {
	if (plan != seen)
		result(0, "status " $3 " and a plan of " plan " tests, " seen " seen")
	else if ($3 != 0 && failed == failures)
		result(0, "status " $3)
	delete running[name]
	next
}
/^# done$/ { done = 1; next }
/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (/# SKIP/)
		result(0, $0)
	next
}
/^(not )?ok [0-9]+/ {
	good = !/^not / && !/# SKIP/
	sub(/^(not )?ok [0-9]+( -)? */, "")
	seen++
	result(good, $0)
	next
}
/^# SKIP / || /^Bail out!/ { result(0, $0); next }
/^$/ { next }
{ print /^#/ ? $0 : "# " $0 }

END {
	for (name in running)
		result(0, "has not ended")
	name = "VM"
	if (!done)
		result(0, "has not come to its end")
	print "1.." number
	exit failures > 0
}
