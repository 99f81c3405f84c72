# Before the scripts that ask the API server with a certificate whose key is in the same file: as the kubelet would.

reviews=/apis/authentication.k8s.io/v1/selfsubjectreviews
review='{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'

# Server and authorities from the first of these kubeconfigs that has both, for curl: sets api_url (empty: none has) and api_connect; and
# named, to whether the kubelet's kubeconfig names its current certificate.
server_of() { # KUBECONFIG...
    local file host
    api_url='' api_connect=() named=no
    for file; do
        [ -e "$file" ] && read_form "$file" || continue
        if [ "$file" = "$kubeconfig" ] && [ "$root${form[cert_file]}" -ef "$current" ]; then named=yes; fi
        form_ca >"$work/api-ca"
        [ -s "$work/api-ca" ] || continue
        api_url=${form[server]%/}
        [ -n "${form[tls_name]}" ] || return 0
        # curl takes a server's name from the address alone: the address is then said apart.
        host=${api_url#https://}
        api_url="https://${form[tls_name]}:${host##*:}"
        api_connect=(--connect-to "::${host%:*}:${host##*:}")
        return 0
    done
}
ask_as() { # PEM PATH [CURL ARGUMENTS]; the answer goes to $work/answer, its status is printed
    local status
    first_try
    while :; do
        status=$(ask_once_as "$@")
        [ "$status" = 000 ] && once_more || break
    done
    printf %s "$status"
}
ask_once_as() {
    curl -s -m 3 -o "$work/answer" -w '%{http_code}' --cacert "$work/api-ca" --cert "$1" --key "$1" "${api_connect[@]}" "${@:3}" "$api_url$2" 2>/dev/null || :
}
accepts() { # PEM; says yes, rejected or unknown
    case $(ask_as "$1" "$reviews" -H 'Content-Type: application/json' -d "$review") in
    200 | 201) echo yes ;;
    401) echo rejected ;;
    *) echo unknown ;;
    esac
}
is_own_and_valid() { # CERTIFICATE
    openssl x509 -in "$1" -noout -checkend 0 >/dev/null || return 1
    openssl x509 -in "$1" -noout -subject -nameopt RFC2253 >"$work/its-subject"
    grep -qxE "subject= ?CN=system:node:${node//./\\.},O=system:nodes" "$work/its-subject"
}

# Directly before a kubelet is left with nothing but this certificate: with it, the API server lets the node read its own Node. It is asked
# where the kubelet will ask: a kubeconfig that holds cluster-admin is written anew from the bootstrap file.
prove_certificate() { # PEM
    local status shown=${1#"$root"} answered
    [ -e "$1" ] && holds_pair "$1" && is_own_and_valid "$1" || precondition "$shown holds no valid certificate of $node with its key"
    if [ -e "$kubeconfig" ] && ! holds_admin "$kubeconfig"; then server_of "$kubeconfig" "$bootstrap"; else server_of "$bootstrap" "$kubeconfig"; fi
    [ -n "$api_url" ] || precondition "no kubeconfig on $node names the API server that could be asked with $shown"
    status=$(ask_as "$1" "/api/v1/nodes/$node")
    case $status in
    200) ;;
    401 | 403 | 404) precondition "the API server does not take the certificate in $shown for $node: HTTP $status for its own Node" ;;
    *) end_with unknown "the API server could not be asked with $shown: HTTP $status" ;;
    esac
    answered=$(jq -r '.metadata.name // ""' "$work/answer" 2>/dev/null || :)
    [ "$answered" = "$node" ] || precondition "what answered as the API server with $shown gave no Node $node"
}

# The same before it is left with its bootstrap credential, or with the certificate: what the plan of this run rests on. `none`: something
# else has been proved.
prove_means() { # certificate | bootstrap | none
    case $1 in
    certificate) prove_certificate "$current" ;;
    bootstrap)
        accepted=missing accepted_detail='there is no such file'
        [ ! -e "$bootstrap" ] || ask_with "$bootstrap"
        case $accepted in
        yes) ;;
        unknown) end_with unknown "the API could not be asked with ${bootstrap#"$root"}: $accepted_detail" ;;
        *) precondition "the API does not accept ${bootstrap#"$root"}: $accepted_detail" ;;
        esac ;;
    none) ;;
    *) fail "'$1' is nothing that a kubelet goes on with" ;;
    esac
}
