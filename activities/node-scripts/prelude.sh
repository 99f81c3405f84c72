# Stands in front of every node script; both are sent to `bash -s` inside one { … }, which bash reads to its end before it
# runs any of it: a connection cut half-way through the text runs nothing at all.
#
# Before it come CPR_RUN, CPR_STEP, CPR_NONCE (what the marker lines say), CPR_INPUT (a secret, in base64; never exported,
# so no child's environment shows it) and the arguments. CPR_ROOT and CPR_BIN exist for tests; sudo lets neither through.
set -eEu -o pipefail
umask 077
export LC_ALL=C TZ=UTC PATH="${CPR_BIN:+$CPR_BIN:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root=${CPR_ROOT:-}
pki=$root/var/lib/kubelet/pki
current=$pki/kubelet-client-current.pem
kubeconfig=$root/var/lib/kubelet/kubeconfig
bootstrap=$root/etc/kubernetes/kubeconfig
recovery=$root/var/lib/kubelet-recovery
admin_kubeconfigs=$root/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs
run_dir=$recovery/$CPR_RUN
run_state=$root/run/control-plane-recovery
bootstrapper=system:serviceaccount:openshift-machine-config-operator:node-bootstrapper
kubectl=$(command -v kubectl || command -v oc || echo kubectl)

# Only marker lines may reach standard output; nothing reads the rest of our own text as its input.
exec 3>&1 1>&2 </dev/null
printf '@@cpr-begin %s %s %s\n' "$CPR_RUN" "$CPR_STEP" "$CPR_NONCE" >&3

# What is said is collected as key=value, each ended by a NUL, which no value can hold, and sent as one base64 word.
say() { printf '%s=%s\0' "$1" "$2" >>"$work/values"; }
end() { # VERDICT
    trap - ERR
    printf '@@cpr-result %s %s %s %s %s\n' "$CPR_RUN" "$CPR_STEP" "$CPR_NONCE" "$1" "$(base64 -w0 <"$work/values")" >&3
    exit 0
}
# With unbegun the run is told that no attempt of this act has changed anything, so that it may still be aborted.
unbegun=''
# A script that has stopped something puts it back here before it says that it failed, and says in afterword what became of that.
afterword=''
before_failing() { :; }
end_with() { before_failing; printf 'error=%s\0' "$2$afterword" >"$work/values"; [ -z "$unbegun" ] || say unbegun yes; end "$1"; }
fail() { end_with failed "$1"; }
precondition() { end_with precondition "$1"; }
died() { # a command failed that nobody expected to: a full disk, a read-only file system
    [ "$BASH_SUBSHELL" = 0 ] || exit 1
    end_with failed "line $1: '$2' failed: $(tail -n1 "${work:-}/stderr" 2>/dev/null || :)"
}
trap 'died $LINENO "$BASH_COMMAND"' ERR

mkdir -p -m 700 "$run_state"
# One that was killed could not tidy up, and may have held a kubeconfig.
for old in "$run_state"/work.*; do
    pid=${old##*/work.}
    [ ! -d "$old" ] || [ -d "/proc/${pid%%.*}" ] || rm -rf "$old"
done
work=$(mktemp -d "$run_state/work.$$.XXXXXX")
: >"$work/values"
unfinished=''
exec 4>&2 2>"$work/stderr"
trap 'tail -c 2000 "$work/stderr" >&4; rm -rf "$work" ${unfinished:+"$unfinished"}' EXIT

# One changing script at a time on a node: an attempt whose worker died may still be running when the next one begins.
lock() {
    exec 9>"$run_state/lock"
    flock -w 20 9 || end_with busy "another script of ours has held the lock of this node for 20 s"
}

# A script that was cut off from its worker may still wait for the lock when the run has moved on: it comes too late.
refuse_late() { # called under the lock
    [ ! -e "$run_dir/aborted" ] || precondition 'this run was aborted on this node: what it had changed is put back, and nothing is changed again'
}

require_backup() { # called under the lock
    [ -e "$run_dir/manifest.sha256" ] || precondition "there is no backup of this run in ${run_dir#"$root"}"
}

# The inventory's address may belong to another machine by now; nothing is read or changed under a wrong name.
own_name() { # sets name
    local shown word pid=0
    name=''
    shown=$(systemctl show kubelet -p MainPID,Environment 2>/dev/null || :)
    for word in $shown; do
        case $word in
        MainPID=*) pid=${word#MainPID=} ;;
        KUBELET_NODE_NAME=* | Environment=KUBELET_NODE_NAME=*) name=${word##*=} ;;
        esac
    done
    if [ "$pid" != 0 ] && [ -r "$root/proc/$pid/cmdline" ]; then
        while IFS= read -rd '' word; do
            case $word in --hostname-override=*) name=${word#*=} ;; esac
        done <"$root/proc/$pid/cmdline"
    fi
    [ -n "$name" ] || read -r name <"$root/proc/sys/kernel/hostname"
    name=${name,,}
}
expect_node() {
    local name
    own_name
    [ "$name" = "$1" ] || precondition "the machine at this address calls itself '$name', not '$1'"
}

hash_of() { # FILE
    local sum=missing
    if [ -e "$1" ]; then read -r sum _ < <(sha256sum <"$1"); fi
    echo "$sum"
}
# The bytes are on the disk under the new name or the old file is untouched; nothing in between.
write_file() { # FILE CONTENT
    unfinished="$1.cpr-$CPR_RUN"
    rm -f "$unfinished"
    printf '%s' "$2" >"$unfinished"
    sync "$unfinished"
    put_in_place "$unfinished" "$1"
}
put_in_place() { # FROM TO
    if command -v restorecon >/dev/null && [ -e "$2" ]; then chcon --reference="$2" "$1" 2>/dev/null || :; fi
    mv -fT "$1" "$2"
    if command -v restorecon >/dev/null; then restorecon "$2" || :; fi
    sync "$(dirname "$2")"
    unfinished=''
}
# Is the key in this file that of the certificate in it? The hash of the public half goes by its PEM.
public_key_hash() { # FILE
    openssl x509 -in "$1" -noout -pubkey >"$work/of-certificate" 2>/dev/null && hash_of "$work/of-certificate"
}
holds_pair() { # FILE
    openssl x509 -in "$1" -noout -pubkey >"$work/of-certificate" 2>/dev/null &&
        openssl pkey -in "$1" -pubout >"$work/of-key" 2>/dev/null && cmp -s "$work/of-certificate" "$work/of-key"
}
# The kubelet's client certificate becomes this file. It must be a link: a kubelet stores no renewal in the place of a file. What
# was there is moved aside and never deleted, but for cluster-admin, which is kept nowhere.
link_current() { # FILE STEP
    local aside=$run_dir/quarantine/$2
    if [ -L "$current" ] && [ "$(readlink -f "$current")" = "$(readlink -f "$1")" ]; then return 0; fi
    if [ -e "$current" ] || [ -L "$current" ]; then
        mkdir -p -m 700 "$aside"
        if [ -L "$current" ]; then cp -P "$current" "$aside/"
        elif ! holds_admin "$current"; then cp -p "$current" "$aside/"; fi
    fi
    unfinished=$pki/kubelet-client-current.pem.cpr-$CPR_RUN
    rm -f "$unfinished"
    ln -s "$1" "$unfinished"
    mv -fT "$unfinished" "$current"
    unfinished=''
    if command -v restorecon >/dev/null; then restorecon "$current" "$1" || :; fi
    sync "$pki"
    note "linked ${current#"$root"} to ${1#"$root"}"
}

note() { logger -t control-plane-recovery -- "run $CPR_RUN: $1" 2>/dev/null || :; }

# Is there a certificate with O=system:masters in this file, in PEM or inside a kubeconfig? One that cannot be read counts as
# one: sets found to what it is. Subjects go through a file: `… | grep -q` under pipefail says no when it found it too early.
subjects() { # certificates on standard input
    openssl crl2pkcs7 -nocrl -certfile /dev/stdin 2>/dev/null | openssl pkcs7 -print_certs -noout 2>/dev/null || :
}
count() { grep -acE "$1" "$2" || :; }
holds_admin() { # FILE
    local data written
    found='a certificate that cannot be read'
    subjects <"$1" >"$work/subjects"
    { grep -aoE 'BEGIN (TRUSTED |X509 )?CERTIFICATE-----' "$1" || :; } >"$work/written"
    { grep -aoE 'client-certificate-data"?: *"?[A-Za-z0-9+/=]+' "$1" || :; } | sed 's/.*[" ]//' >"$work/embedded"
    # Quoted, folded or broken over lines: a value that is not read here may be anybody's.
    [ "$({ grep -ao 'client-certificate-data' "$1" || :; } | wc -l)" -le "$(count . "$work/embedded")" ] || return 0
    while read -r data; do
        { base64 -d <<<"$data" 2>/dev/null || :; } | subjects >>"$work/subjects"
    done <"$work/embedded"
    written=$(($(count . "$work/written") + $(count . "$work/embedded")))
    [ "$(count '^subject' "$work/subjects")" -ge "$written" ] || return 0
    found='a credential of system:masters'
    grep -qE '^subject.*[=,/+ ]O ?= ?system:masters([,/+ ]|$)' "$work/subjects"
}

# The current context of a kubeconfig into the array form, one field a line. The raw values stay in this shell.
server=0 ca_data=1 ca_file=2 tls_name=3 cert_file=4 key_file=5 cert_data=6 token=7 token_file=8 other=9
fields='{.clusters[0].cluster.server}{"\n"}{.clusters[0].cluster.certificate-authority-data}{"\n"}{.clusters[0].cluster.certificate-authority}{"\n"}{.clusters[0].cluster.tls-server-name}{"\n"}{.users[0].user.client-certificate}{"\n"}{.users[0].user.client-key}{"\n"}{.users[0].user.client-certificate-data}{"\n"}{.users[0].user.token}{"\n"}{.users[0].user.tokenFile}{"\n"}{.users[0].user.exec.command}{.users[0].user.username}{.users[0].user.auth-provider.name}{"\n"}.'
read_form() { # FILE; sets form, or unreadable to the reason and returns 1
    local rc seconds
    unreadable='a value in it has more than one line'
    for seconds in 5 10; do
        rc=0
        timeout "$seconds" "$kubectl" --kubeconfig="$1" config view --raw --minify -o "jsonpath=$fields" >"$work/form" 2>"$work/why" || rc=$?
        [ "$rc" = 124 ] || break
    done
    # A node that is short of time has not said what is in the file, and so not that nobody could read it.
    if [ "$rc" = 124 ]; then
        [ "$BASH_SUBSHELL" = 0 ] || exit 1
        end_with unknown "kubectl has not said within $seconds s what is in ${1#"$root"}"
    fi
    if [ "$rc" != 0 ]; then
        unreadable=$(tail -n1 "$work/why" | cut -c1-300)
        return 1
    fi
    mapfile -t form <"$work/form"
    [ ${#form[@]} = 11 ]
}
form_ca() { # the certificate authorities of the form, as they are
    if [ -n "${form[ca_data]}" ]; then base64 -d <<<"${form[ca_data]}" 2>/dev/null || :
    elif [ -n "${form[ca_file]}" ]; then cat "$root${form[ca_file]}" 2>/dev/null || :; fi
}
form_ca_hash() {
    form_ca >"$work/form-ca"
    if [ -s "$work/form-ca" ]; then hash_of "$work/form-ca"; else echo missing; fi
}

# The payload of a JSON Web Token, or nothing. Never its signature: three parts, and a header that is one.
claims_of() { # TOKEN
    local header payload
    IFS=. read -r header payload _ <<<"$1"
    [[ $1 =~ ^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$ ]] || return 0
    payload=${payload//-/+} payload=${payload//_//}
    while [ $((${#payload} % 4)) != 0 ]; do payload+='='; done
    base64 -d <<<"$payload" 2>/dev/null || :
}
# Strings and numbers only, and of the outermost sort as the API server writes them. No process is started for it: every backup
# that lies on a node holds a token that is looked at, and on a busy node each process costs.
claim() { # NAME, claims on standard input
    local text form value
    IFS= read -rd '' text || :
    form="\"$1\":(\"[^\"\\]{1,255}\"|[0-9]{1,12})"
    [[ $text =~ $form ]] || return 0
    value=${BASH_REMATCH[1]#\"}
    printf '%s' "${value%\"}"
}

# Does this kubeconfig hold a token of node-bootstrapper that expires, or has expired?
is_temporary() { # FILE
    local token claims
    { grep -aoE 'eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+' "$1" || :; } >"$work/its-tokens"
    while read -r token; do
        claims=$(claims_of "$token")
        [ "$(claim sub <<<"$claims")" = "$bootstrapper" ] || continue
        if [ -n "$(claim exp <<<"$claims")" ]; then return 0; fi
    done <"$work/its-tokens"
    return 1
}

# An endpoint may drop a connection now and then. What nobody has answered is asked again, up to three times in three seconds: a
# question that has hung is not. Sets tries and asked_at before the first, and says whether there is to be another.
first_try() { tries=1 asked_at=$SECONDS; }
once_more() {
    [ "$tries" -lt 3 ] && [ $((SECONDS - asked_at)) -lt 3 ] || return 1
    tries=$((tries + 1))
}
is_dropped() { [[ $1 =~ onnection|EOF|TLS\ handshake ]]; } # MESSAGE

# May this kubeconfig create certificate signing requests? Asked with itself. Sets accepted and accepted_detail.
# A raw post, since `auth can-i` first discovers the whole API and leaves a cache behind.
ask_with() { # FILE
    local answer rc
    first_try
    while :; do
        rc=0
        answer=$(timeout 6 "$kubectl" --kubeconfig="$1" --request-timeout=4s create --raw /apis/authorization.k8s.io/v1/selfsubjectaccessreviews -f - 2>&1 <<'JSON'
{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"group":"certificates.k8s.io","resource":"certificatesigningrequests","verb":"create"}}}
JSON
        ) || rc=$?
        [ "$rc" != 0 ] && is_dropped "$answer" && once_more || break
    done
    case "${answer//[[:space:]]/}" in
    *'"allowed":true'*) accepted=yes accepted_detail=yes ;;
    *'"allowed":false'*) accepted=forbidden accepted_detail='may not create certificate signing requests' ;;
    *Unauthorized* | *mustbeloggedin*) accepted=rejected accepted_detail=Unauthorized ;;
    *orbidden*) accepted=forbidden accepted_detail=Forbidden ;;
    *) accepted=unknown accepted_detail="exit code $rc: $(tail -n1 <<<"$answer" | cut -c1-200)" ;;
    esac
}

# The containers of this master's etcd pod, newest first: name, state and id, one to a line.
etcd_containers() { # NODE
    timeout 8 crictl ps -a -o json | jq -r --arg pod "etcd-$1" '[.containers[]
        | select(.labels["io.kubernetes.pod.namespace"] == "openshift-etcd" and .labels["io.kubernetes.pod.name"] == $pod)]
        | sort_by(.createdAt | tonumber) | reverse | .[] | [.metadata.name, .state, .id] | @tsv'
}
# The one to ask in: `etcdctl` runs also while `etcd` does not stay up, and has the same environment and mounts.
etcd_shell() { # the lines of etcd_containers on standard input; prints an id, or nothing
    awk -F'\t' '$2 == "CONTAINER_RUNNING" && ($1 == "etcdctl" || $1 == "etcd") && !($1 in id) { id[$1] = $3 }
        END { if ("etcdctl" in id) print id["etcdctl"]; else if ("etcd" in id) print id["etcd"] }'
}
