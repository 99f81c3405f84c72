# stream-snapshot.sh NODE SHA256: the snapshot of this run as it is, between the marker lines. Changes nothing, takes no lock.
node=$1 expected=$2
expect_node "$node"
file=$run_dir/snapshot.db
[ -f "$file" ] || precondition "there is no ${file#"$root"}"
# On a busy master the lowest priority is hardly ever given a turn, which a small one need not wait for.
if [ "$(stat -c %s "$file")" -gt 134217728 ]; then gently; else read_gently; fi
grep -qxF "sha256=$expected" "$run_dir/snapshot.record" || precondition "${file#"$root"} is not the snapshot that was verified"
stream_file "$file"
end ok
