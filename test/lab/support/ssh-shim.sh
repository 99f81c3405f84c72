#!/bin/bash
# The worker runs this instead of ssh. The real one runs on after the worker's end, as a node does when a worker's host dies.
here=$(dirname "$0") worker=$PPID armed=
[ -e "$here/trap" ] || exec /usr/bin/ssh "$@"
read -r what script when after address <"$here/trap"
case " $* " in *"HostName=$address "*) ;; *) [ "$address" = - ] || exec /usr/bin/ssh "$@" ;; esac
if [ "$after" = - ] || [ -e "$here/seen-$after" ]; then armed=1; fi
spring() {
    mv "$here/trap" "$here/sprung" 2>/dev/null || return 0
    if [ "$what" = kill ]; then kill -9 "$worker"; return; fi
    # The connection alone ends, as when a network does; what runs on the node is not told.
    if [ "$what" = cut ]; then pkill -KILL -P $$ -x ssh; return; fi
    until [ -e "$here/released" ]; do sleep 0.05; done
}
[ "$armed $when" != '1 before' ] || spring
/usr/bin/ssh "$@" | while IFS= read -r line; do
    read -r mark _ step _ <<<"${line:0:300}"
    if [ "$armed $step" = "1 $script" ]; then
        case "$mark $when" in '@@cpr-begin begun' | '@@cpr-result ended') spring ;; esac
    fi
    if [ "$mark" = @@cpr-result ]; then : >"$here/seen-$step"; fi
    # What follows are bytes, and no lines: a snapshot on its way.
    if [ "$mark" = @@cpr-stream ]; then printf '%s\n' "$line"; exec cat; fi
    # After the worker's end there is nobody to read; the script must come to its end all the same.
    printf '%s\n' "$line" 2>/dev/null || :
done
code=${PIPESTATUS[0]}
[ "$what" != cut ] || [ ! -e "$here/sprung" ] || [ "$code" != 137 ] || code=255
exit "$code"
