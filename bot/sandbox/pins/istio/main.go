// Writes the Helm charts that Istio's own programs carry, package istio.io/istio/manifests, into a folder.
package main

import (
	"fmt"
	"os"

	"istio.io/istio/manifests"
)

func main() {
	if err := os.CopyFS(os.Args[1], manifests.FS); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
