// Connects to localhost with the defaults of crypto/tls. Usage: client PORT
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	connection, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "localhost", InsecureSkipVerify: true})
	if err != nil {
		fmt.Println("REFUSED", err)
		return
	}
	fmt.Println("CONNECTED")
	connection.Close()
}
