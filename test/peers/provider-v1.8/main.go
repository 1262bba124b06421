// Mounts classes with the real Azure provider for the Secrets Store CSI Driver: one JSON request a line on standard input, one JSON answer a line on standard
// output. What kubelet and driver would send it is the request; what it would write into the pod is the answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/Azure/go-autorest/autorest/azure"
	"github.com/Azure/secrets-store-csi-driver-provider-azure/pkg/server"
	"sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

type request struct {
	// The class's parameters and what the driver adds: csi.storage.k8s.io/pod.name, …/serviceAccount.tokens
	Attributes map[string]string `json:"attributes"`
	// What nodePublishSecretRef names.
	Secrets map[string]string `json:"secrets"`
}

type file struct {
	Path     string `json:"path"`
	Mode     int32  `json:"mode"`
	Contents []byte `json:"contents"`
}

type answer struct {
	Files    []file            `json:"files"`
	Versions map[string]string `json:"versions"`
	Error    string            `json:"error,omitempty"`
}

func mount(provider *server.CSIDriverProviderServer, line []byte) answer {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: err.Error()}
	}
	attributes, _ := json.Marshal(r.Attributes)
	secrets, _ := json.Marshal(r.Secrets)
	response, err := provider.Mount(context.Background(), &v1alpha1.MountRequest{
		Attributes: string(attributes),
		Secrets:    string(secrets),
		Permission: "420",
	})
	if err != nil {
		return answer{Error: err.Error()}
	}
	result := answer{Files: []file{}, Versions: map[string]string{}}
	for _, f := range response.GetFiles() {
		result.Files = append(result.Files, file{Path: f.GetPath(), Mode: f.GetMode(), Contents: f.GetContents()})
	}
	for _, version := range response.GetObjectVersion() {
		result.Versions[version.GetId()] = version.GetVersion()
	}
	return result
}

func main() {
	provider := newServer(azure.PublicCloud)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		encoded, err := json.Marshal(mount(provider, lines.Bytes()))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(encoded))
	}
}
