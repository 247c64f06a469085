// A TLS 1.3 server with Encrypted Client Hello, and a client that judges one.
//
//	server PORT CERT KEY CONFIG PRIVATE   (CONFIG and PRIVATE in base64; "-" for a server without)
//	client PORT NAME CONFIGLIST
package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
)

func decoded(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

func main() {
	if os.Args[1] == "client" {
		config := &tls.Config{ServerName: os.Args[3], InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
		config.EncryptedClientHelloConfigList = decoded(os.Args[4])
		config.EncryptedClientHelloRejectionVerify = func(tls.ConnectionState) error { return nil }
		connection, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[2], config)
		if err != nil {
			fmt.Println("rejected:", err)
			os.Exit(1)
		}
		fmt.Println("accepted:", connection.ConnectionState().ECHAccepted)
		return
	}
	certificate, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	if err != nil {
		panic(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if os.Args[5] != "-" {
		config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{
			{Config: decoded(os.Args[5]), PrivateKey: decoded(os.Args[6]), SendAsRetry: true},
		}
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+os.Args[2], config)
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func(connection net.Conn) {
			defer connection.Close()
			io.Copy(io.Discard, connection)
		}(connection)
	}
}
