# install-admin.sh NODE FILE HASH PLACE EXPECTED: break-glass. FILE, an admin kubeconfig of this master with this hash, is copied to PLACE:
# `bootstrap` (/etc/kubernetes/kubeconfig) or `kubeconfig` (/var/lib/kubelet/kubeconfig). Its contents never leave the node.
# EXPECTED is the hash of the bootstrap file that may be replaced, or `missing`.
node=$1 file=$2 hash=$3 place=$4 expected=$5
expect_node "$node"
lock
refuse_late
require_backup
source=$root$file
[[ $source == "$admin_kubeconfigs"/*.kubeconfig && ${source#"$admin_kubeconfigs"/} != */* ]] || fail "'$file' is no admin kubeconfig of a master"
case $place in
bootstrap) target=$bootstrap installed=$run_dir/installed ;;
kubeconfig) target=$kubeconfig installed=$run_dir/installed-kubeconfig ;;
*) fail "'$place' is no place for it" ;;
esac
present=$(hash_of "$target")
if [ "$present" = "$hash" ]; then say changed no; end ok; fi
[ "$(hash_of "$source")" = "$hash" ] || precondition "$file is no longer what was approved (its hash is $(hash_of "$source"))"
if [ "$place" = bootstrap ] && [ "$present" != "$expected" ] && ! grep -qxF "$present" "$installed" 2>/dev/null; then
    precondition "${target#"$root"} is no longer what was approved to be replaced (its hash is $present)"
fi
ask_with "$source"
case $accepted in
yes) ;;
unknown) end_with unknown "the API could not be asked with $file: $accepted_detail" ;;
*) fail "the API does not accept $file: $accepted_detail" ;;
esac
printf '%s\n' "$hash" >>"$installed"
sync "$installed"
unfinished=$target.cpr-$CPR_RUN
rm -f "$unfinished"
cp "$source" "$unfinished"
chmod 600 "$unfinished"
sync "$unfinished"
put_in_place "$unfinished" "$target"
note "BREAK-GLASS: ${target#"$root"} holds cluster-admin (was $present)"
say changed yes
end ok
