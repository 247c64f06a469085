// Verifies chains as Go's crypto/tls client does. One line of JSON in, one out:
// {"chain": [base64...], "roots": [base64...], "name": "host"}.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
)

type query struct {
	Chain []string
	Roots []string
	Name  string
	Key   string
}

// parsed returns the certificates of a list; a client refuses the handshake if one cannot be parsed.
func parsed(list []string) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for _, text := range list {
		der, _ := base64.StdEncoding.DecodeString(text)
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	return found, nil
}

func verify(q query) error {
	chain, err := parsed(q.Chain)
	if err != nil {
		return err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, text := range q.Roots {
		if found, err := parsed([]string{text}); err == nil {
			roots.AddCert(found[0])
		}
	}
	for _, one := range chain[1:] {
		intermediates.AddCert(one)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: q.Name})
	return err
}

func verifyAll() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q query
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := verify(q); err != nil {
			fmt.Printf("refuses\t%q\n", err.Error())
		} else {
			fmt.Println("accepts\t")
		}
	}
}
