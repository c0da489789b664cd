module seatls.example/interop/veraison

go 1.23.0

require (
	github.com/lestrrat-go/jwx/v3 v3.0.8
	github.com/veraison/apiclient v0.3.0
	github.com/veraison/ear v1.1.3
)
