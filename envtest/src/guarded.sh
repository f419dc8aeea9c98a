# shellcheck shell=sh
# Run PROGRAM until it ends or standard input closes, whichever comes first; in the second case kill it and
# remove FOLDER. Usage: sh -c "$(cat guarded.sh)" NAME FOLDER PROGRAM [ARG ...]    (FOLDER may be empty)
#
# Whoever starts this holds the other end of standard input. The kernel closes it however that process ends,
# so nothing outlives it, not even after SIGKILL.
exec 3<&0
folder=$1
shift
"$@" </dev/null 3<&- &
program=$!
# The program is a child of this shell and not yet waited for, so its number cannot belong to another process.
(
    read -r _ <&3
    trap '' TERM
    kill -KILL "$program" 2>/dev/null
    exit 0
) &
guard=$!
exec 3<&-
wait "$program"
status=$?
kill "$guard" 2>/dev/null
# A guard that ended by itself saw standard input close; one that we ended did not, and the data of a program
# that failed is left to look at.
if wait "$guard" 2>/dev/null && [ -n "$folder" ]; then
    rm -rf "$folder"
fi
exit "$status"
