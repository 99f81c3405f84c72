// etcd-readyz answers /readyz and /healthz over TLS on 9980 for the etcd member beside it, as the container of that
// name in OpenShift's etcd pod does: the guard pod asks it from outside, the kubelet from the node. It is ready when
// the member answers a local read. That needs no quorum: a ready etcd pod proves nothing about the cluster.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"
)

func main() {
	listen := flag.String("listen", ":9980", "address to serve on")
	cert := flag.String("serving-cert-file", "", "certificate to serve with, PEM")
	key := flag.String("serving-key-file", "", "its private key, PEM")
	member := flag.String("endpoint", "http://127.0.0.1:9978/livez", "the member's own answer to a serializable read")
	timeout := flag.Duration("timeout", 10*time.Second, "how long the member may take")
	flag.Parse()

	answer := func(w http.ResponseWriter, r *http.Request) {
		if err := ask(r.Context(), *member, *timeout); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
	http.HandleFunc("/readyz", answer)
	http.HandleFunc("/healthz", answer)
	server := &http.Server{
		Addr:              *listen,
		ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			// Read anew for every connection: the operator renews the files under a running pod.
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(*cert, *key)
				return &pair, err
			},
		},
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

func ask(ctx context.Context, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("etcd does not answer: %w", err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 500))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s: %s", response.Status, body)
	}
	return nil
}
