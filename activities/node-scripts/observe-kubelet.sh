# observe-kubelet.sh NODE WINDOW_MINUTES [RUN]: what one look at this master shows of its kubelet, its etcd and its API server.
# Changes nothing, takes no lock. Sends certificates, hashes, dates and counts; never a key, a token or a kubeconfig.
node=$1 window=$2 own_run=${3:-}
expect_node "$node"

# Asked beside everything else, since a dead one is waited for.
ask() { # NAME URL [CURL ARGUMENTS]
    curl -sk -m 3 -o "$work/$1" -w '%{http_code}' "${@:3}" "$2" >"$work/$1.code" 2>/dev/null || echo " exit $?" >>"$work/$1.code"
}
# With --anonymous-auth=false it tells nobody how it is but whom it knows: this kubelet, if it has a certificate.
ask_api() {
    ask api https://localhost:6443/readyz
    case $(cat "$work/api.code") in
    401 | 403) if [ -e "$current" ]; then ask api https://localhost:6443/readyz --cert "$current" --key "$current"; fi ;;
    esac
}
ask_api &
ask etcd https://127.0.0.1:9980/readyz &      # OpenShift's readyz container
ask metrics http://127.0.0.1:9978/health &    # etcd itself, where its metrics are plain

say nodeName "$node"
say nodeTime "$(date -u +%FT%T.%3NZ)"
say unit "$(systemctl show kubelet -p LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStartTimestamp,InvocationID)"
say disk "$(df -PB1 "$root/var/lib/kubelet" | awk 'NR == 2 { print $4 }')"
say diskWritable "$([ -w "$root/var/lib/kubelet" ] && echo yes || echo no)"

certificate() {
    if [ -L "$current" ]; then say certLink "$(readlink "$current")"; elif [ ! -e "$current" ]; then say certState missing; return; fi
    if [ ! -e "$current" ]; then say certState dangling; return; fi
    if ! openssl x509 -in "$current" -outform PEM >"$work/cert" 2>/dev/null; then say certState corrupt; say certDetail 'no certificate in it'; return; fi
    if ! openssl pkey -in "$current" -pubout >"$work/key" 2>/dev/null; then say certState corrupt; say certDetail 'no private key in it'; return; fi
    openssl x509 -in "$current" -noout -pubkey >"$work/certkey"
    if ! cmp -s "$work/key" "$work/certkey"; then say certState corrupt; say certDetail 'the private key is not that of the certificate'; return; fi
    say certState present
    say certPem "$(cat "$work/cert")"
}
certificate

credentials &
asking=$!
kubeconfig_form kubeconfig "$kubeconfig"
kubeconfig_form bootstrap "$bootstrap"
accepted=unknown accepted_detail='there is no file to ask with'
if [ -e "$bootstrap" ]; then
    if is_cluster_admin "$bootstrap"; then accepted_detail=$not_asked; else ask_with "$bootstrap"; fi
fi
say accepted "$accepted"
say acceptedDetail "$accepted_detail"

# Over several starts: a kubelet whose credential is rejected exits every five minutes. Both wordings, old and new.
counts() {
    timeout 5 journalctl -u kubelet --since "$window minutes ago" -o cat -q --no-pager 2>/dev/null | head -c 33554432 | awk '
        /User "system:anonymous" cannot/ { n["anonymousForbidden"]++ }
        /unable to (read|load) .*existing bootstrap client config/ { n["clientCertificateUnreadable"]++ }
        /existing bootstrap client certificate.* is expired|client certificate has expired and the server/ { n["clientCertificateExpired"]++ }
        /unable to load bootstrap kubeconfig/ { n["bootstrapFileMissing"]++ }
        /cannot create certificate signing request: (Unauthorized|.*forbidden)/ { n["csrRejected"]++ }
        /server is responsive, exiting/ { n["exitingServerResponsive"]++ }
        /([Vv]alid client cert|No valid client certificate).*not responsive/ { n["waitingServerNotResponsive"]++ }
        /could not convert data from .* into cert\/key pair|to be a symlink but it is a file/ { n["corruptPem"]++ }
        /[Cc]ertificate rotation detected/ { n["certificateRotated"]++ }
        /dial tcp .*(refused|no route to host|i\/o timeout|unreachable)/ && !/[Pp]robe/ { n["apiUnreachable"]++ }
        /x509: certificate (has expired|signed by unknown authority)|failed to verify certificate/ && !/authenticate the request/ && !/[Pp]robe/ { n["serverCertificateUntrusted"]++ }
        END { for (name in n) print name "=" n[name] }'
}
# What was counted before it was cut is still true, but nothing is not known to be absent any more.
counted=yes
counts >"$work/journal" || counted="exit code $?"
say journal "$(cat "$work/journal")"
say journalCounted "$counted"
say journalWindow "$window"

number=0
for file in "$root"/etc/kubernetes/manifests/*; do
    [ -f "$file" ] && [ "$number" -lt 40 ] || continue
    say "manifest.$number.file" "${file##*/}"
    say "manifest.$number.sha256" "$(hash_of "$file")"
    say "manifest.$number.changed" "$(stat -Lc %Y "$file")"
    # What a static pod is called stands in the file alone. It is read by the worker and goes no further.
    say "manifest.$number.body" "$(head -c 262144 "$file")"
    number=$((number + 1))
done
pods() {
    timeout 5 crictl pods -o json 2>/dev/null | jq -c '[.items[] | select(.annotations["kubernetes.io/config.source"] == "file")
        | {namespace: .metadata.namespace, name: .metadata.name, state, createdAt, hash: .annotations["kubernetes.io/config.hash"]}]'
}
# Said or not at all: "no sandbox" is a finding, "could not be asked" is none.
if pods >"$work/pods"; then say pods "$(cat "$work/pods")"; fi

say runs "$(runs)"
say halfWritten "$(half_written)"
say etcdKept "$(kept_of_etcd)"
# Somebody works here just now, or a script of ours hangs. Let go of at once: it is only a question.
say lockHeld "$(if [ -e "$run_state/lock" ] && ! flock -n -s "$run_state/lock" true; then echo yes; else echo no; fi)"

: >"$work/admin"; : >"$work/temporary"
scan
say admin "$(cat "$work/admin")"
say temporary "$(sort -u "$work/temporary")"

wait "$asking" || fail 'the credentials of the kubelet could not be looked at'
cat "$work/credentials/values" >>"$work/values"
wait
for name in api etcd metrics; do
    say "health.$name.code" "$(head -c 300 "$work/$name.code" 2>/dev/null || :)"
    say "health.$name.body" "$(head -c 300 "$work/$name" 2>/dev/null || :)"
done
end ok
