// Package bundle makes one file of the modules of the page script, and one of those of the style.
package bundle

import (
	"fmt"

	"github.com/evanw/esbuild/pkg/api"
)

// File bundles and minifies the script or style at entry with all that it imports.
// The same sources give the same bytes.
func File(entry string) ([]byte, error) {
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
