package main

import (
	"github.com/Azure/go-autorest/autorest/azure"
	"github.com/Azure/secrets-store-csi-driver-provider-azure/pkg/server"
)

// As the add-on runs it: chains constructed, certificate and key in one file.
func newServer(cloud azure.Environment) *server.CSIDriverProviderServer {
	return server.New(true, false, cloud)
}
