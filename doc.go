// Package tenon is the vocabulary that hosts, plugins and generated code share.
package tenon
