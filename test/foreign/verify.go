// Verifies what Gatehouse proves with the code of the Go checksum database, which shares nothing
// with ours. Reads one JSON object, says "verified" or ends with 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Key    string `json:"key"`
	Proofs []struct {
		LeafIdx    int64    `json:"leafIdx"`
		LeafB64    string   `json:"leafB64"`
		Proof      []string `json:"proof"`
		Checkpoint string   `json:"checkpoint"`
	} `json:"proofs"`
	Before      string   `json:"before"`
	After       string   `json:"after"`
	Consistency []string `json:"consistency"`
}

func main() {
	var in input
	must(json.NewDecoder(os.Stdin).Decode(&in))
	verifier, err := note.NewVerifier(strings.TrimSpace(in.Key))
	must(err)
	for _, each := range in.Proofs {
		size, root := open(each.Checkpoint, verifier)
		leaf, err := base64.StdEncoding.DecodeString(each.LeafB64)
		must(err)
		must(tlog.CheckRecord(hashes(each.Proof), size, root, each.LeafIdx, tlog.RecordHash(leaf)))
	}
	before, beforeRoot := open(in.Before, verifier)
	after, afterRoot := open(in.After, verifier)
	must(tlog.CheckTree(hashes(in.Consistency), after, afterRoot, before, beforeRoot))
	fmt.Println("verified")
}

func open(checkpoint string, verifier note.Verifier) (int64, tlog.Hash) {
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		must(fmt.Errorf("the checkpoint of %s", lines[0]))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return size, root
}

func hashes(texts []string) []tlog.Hash {
	all := []tlog.Hash{}
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		must(err)
		all = append(all, hash)
	}
	return all
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
