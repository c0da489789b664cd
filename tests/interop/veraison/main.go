// A client of the verification API that others wrote asks a verifier, and their library verifies the result.
//
//	veraison URL-of-newSession CA.pem JWK.json COMMAND…
//
// COMMAND is run with the nonce in hexadecimal after it, and writes evidence, a CMW, to stdout.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/veraison/apiclient/verification"
	"github.com/veraison/ear"
)

type builder struct{ command []string }

func (b builder) BuildEvidence(nonce []byte, accept []string) ([]byte, string, error) {
	arguments := append(b.command[1:], hex.EncodeToString(nonce))
	evidence, err := exec.Command(b.command[0], arguments...).Output()
	return evidence, "application/cmw+cbor", err
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: veraison URL CA.pem JWK.json COMMAND...")
	}
	client := verification.ChallengeResponseConfig{EvidenceBuilder: builder{os.Args[4:]}, DeleteSession: true}
	client.SetCerts([]string{os.Args[2]})
	if err := client.SetSessionURI(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	if err := client.SetNonceSz(32); err != nil {
		log.Fatal(err)
	}
	quoted, err := client.Run()
	if err != nil {
		log.Fatal(err)
	}
	var token string
	if err := json.Unmarshal(quoted, &token); err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	key, err := jwk.ParseKey(text)
	if err != nil {
		log.Fatal(err)
	}
	var result ear.AttestationResult
	if err := result.Verify([]byte(token), jwa.ES256(), key); err != nil {
		log.Fatal(err)
	}
	for name, submod := range result.Submods {
		fmt.Printf("%s %s %s\n", name, submod.Status, *submod.AppraisalPolicyID)
	}
}
