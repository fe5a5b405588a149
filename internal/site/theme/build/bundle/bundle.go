// Package bundle makes one file of the page script's modules.
package bundle

import (
	"fmt"

	"github.com/evanw/esbuild/pkg/api"
)

// Script bundles and minifies the module at entry with all that it imports.
// The same sources give the same bytes.
func Script(entry string) ([]byte, error) {
	r := api.Build(api.BuildOptions{
		EntryPoints:       []string{entry},
		Bundle:            true,
		Format:            api.FormatIIFE,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
	})
	if len(r.Errors) > 0 {
		messages := api.FormatMessages(r.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, fmt.Errorf("bundle %s: %s", entry, messages[0])
	}
	return r.OutputFiles[0].Contents, nil
}
