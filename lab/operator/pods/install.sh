# The installer pod's work on its node (busybox sh): what the pod has mounted below /installer goes to where the
# static pod expects it, and last of all its manifest. Environment: REVISION NODE_NAME NODE_ENVVAR_NAME WAIT.
set -eu
echo "installing revision $REVISION of etcd on $NODE_NAME in $WAIT s"
# A newer revision deletes this pod while it waits; it must then write nothing.
trap 'exit 1' TERM
sleep "$WAIT" & wait $!
static=/etc/kubernetes/static-pod-resources
pod=$static/etcd-pod-$REVISION

copy() {   # each file complete or not at all: etcd reads its certificates whenever a connection comes in
    mkdir -p "$2"
    for file in "$1"/*; do
        cp -L "$file" "$2/.new"; chmod 600 "$2/.new"; mv "$2/.new" "$2/${file##*/}"
    done
}

copy /installer/revisioned/etcd-pod "$pod/configmaps/etcd-pod"
copy /installer/revisioned/etcd-endpoints "$pod/configmaps/etcd-endpoints"
copy /installer/revisioned/etcd-all-bundles "$pod/configmaps/etcd-all-bundles"
copy /installer/revisioned/etcd-all-certs "$pod/secrets/etcd-all-certs"
copy /installer/current/etcd-scripts "$static/etcd-certs/configmaps/etcd-scripts"
copy /installer/current/etcd-all-bundles "$static/etcd-certs/configmaps/etcd-all-bundles"
copy /installer/current/etcd-all-certs "$static/etcd-certs/secrets/etcd-all-certs"

sed -e "s/REVISION/$REVISION/g; s/NODE_NAME/$NODE_NAME/g; s/NODE_ENVVAR_NAME/$NODE_ENVVAR_NAME/g" \
    /installer/revisioned/etcd-pod/pod.yaml > "$pod/etcd-pod.yaml"
mkdir -p /etc/kubernetes/manifests
cp "$pod/etcd-pod.yaml" "$pod/.manifest"; chmod 600 "$pod/.manifest"
mv "$pod/.manifest" /etc/kubernetes/manifests/etcd-pod.yaml
echo "wrote /etc/kubernetes/manifests/etcd-pod.yaml"
