// Serves chains over TLS, each on a port of its own, without looking into a certificate, and answers HTTP.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"time"
)

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok\n"

func serve(listener net.Listener, config *tls.Config) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			session := tls.Server(connection, config)
			defer session.Close()
			session.SetDeadline(time.Now().Add(10 * time.Second))
			if session.Handshake() == nil {
				session.Read(make([]byte, 4096))
				session.Write([]byte(answer))
			}
		}()
	}
}

// serveAll reads queries with a key (PEM), writes the port of each, 0 where Go cannot use the key, and serves until
// its input ends.
func serveAll() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q query
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		block, _ := pem.Decode([]byte(q.Key))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			fmt.Println(0)
			continue
		}
		certificate := tls.Certificate{PrivateKey: key, Leaf: &x509.Certificate{}}
		for _, text := range q.Chain {
			der, _ := base64.StdEncoding.DecodeString(text)
			certificate.Certificate = append(certificate.Certificate, der)
		}
		config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificate, nil }}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		go serve(listener, config)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		serveAll()
	} else {
		verifyAll()
	}
}
